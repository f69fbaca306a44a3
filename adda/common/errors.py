"""The one exception that a user is meant to read."""


class AddaError(Exception):
    """Something the user can mend. The message says what is wrong, where, and what to do."""
