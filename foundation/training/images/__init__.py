"""Methods that train the layers of an image network, through the same loop as those for texts."""
