import sys

Known = globals().get("Other")
here = getattr(sys.modules[__name__], "Known", None)
__all__ = [name for name in globals() if not name.startswith("_")]


def shown(thing):
    names = vars()
    return vars(thing), names


class Lazy:
    def __getattr__(self, name):
        return name
