def _install(table):
    vars()["local"] = table
    globals().update(table)


_install({"Blue": 1})
