"""What readers of binary formats raise; ``load`` turns it into one line with the file's name."""


class Damaged(ValueError):
    """The file breaks the rules of its format."""
