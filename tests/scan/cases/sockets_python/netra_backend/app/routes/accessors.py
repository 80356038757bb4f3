"""get_websocket_manager(user) is called here."""

from netra_backend.app import websocket_core
from netra_backend.app.websocket_core import get_websocket_manager as g
from netra_backend.app.websocket_core import websocket_manager as module
from netra_backend.app.websocket_core.websocket_manager import get_websocket_manager
from ..other.copies import get_websocket_manager as other  # finds: legacy-import
from ..other import copies

accessor = get_websocket_manager


def calls(user, users):
    first = get_websocket_manager(user)  # finds: accessor-use
    second = g(user)  # finds: accessor-use
    third = module.get_websocket_manager(user)  # finds: accessor-use
    fourth = websocket_core.get_websocket_manager(user)  # finds: accessor-use
    fifth = accessor(user)  # finds: accessor-use
    sixth = [get_websocket_manager(one) for one in users]  # finds: accessor-use
    if seventh := get_websocket_manager(user):  # finds: accessor-use
        get_websocket_manager(user).send_to_user(user, seventh)  # finds: accessor-use
    return first, second, third, fourth, fifth, sixth


class Service:
    def __init__(self, user):
        self.manager = get_websocket_manager(user)  # finds: accessor-use

    async def later(self, user):
        from netra_backend.app.websocket_core import get_websocket_manager as local

        return await local(user).send_to_user(user, {})  # finds: accessor-use


def with_default(user, manager=None):
    return (manager or get_websocket_manager(user)).send_to_user(user, {})  # finds: accessor-use


def elsewhere(user):
    other(user).send(user)
    copies.get_websocket_manager(user).send(user)
    return "get_websocket_manager(user)"


def shadowed(get_websocket_manager, user):
    return get_websocket_manager(user).count


def told(log):
    # get_websocket_manager(user)
    log("call get_websocket_manager(user)")
    return get_websocket_manager.__name__
