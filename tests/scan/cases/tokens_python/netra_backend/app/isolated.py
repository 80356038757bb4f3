import os


class IsolatedEnvironment:
    def get(self, name, default=None):
        return os.environ.get(name, default)

    def set(self, name, value):
        os.environ[name] = value


def get_env():
    return IsolatedEnvironment()
