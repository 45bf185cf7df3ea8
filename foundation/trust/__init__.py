"""How sure a model may say it is, when it should say nothing, and why it said what it said."""
