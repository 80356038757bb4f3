import pkgutil

found = [info.name for info in pkgutil.iter_modules(__path__)]
