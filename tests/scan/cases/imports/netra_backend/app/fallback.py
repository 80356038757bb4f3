try:
    from .native import Reader, Writer, Closer  # the library may be built without it
except ImportError:
    Writer = None

    class Reader: ...


try:
    from .native import fast as speed
except ImportError:
    from time import sleep as speed

try:
    import undecided
except ImportError:
    from .undecided import helper  # finds: unresolvable-import
