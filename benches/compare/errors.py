"""What goes wrong in a comparison."""


class Failed(Exception):
    """A comparison that cannot go on, or whose result is wrong, in words."""
