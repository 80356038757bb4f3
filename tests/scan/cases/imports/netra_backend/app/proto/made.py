import sys

for _name in ("Red", "Green"):
    setattr(sys.modules[__name__], _name, _name.lower())
