"""A monitor that is left running: items come in, are read and counted, and a surge of bad news becomes an alert."""
