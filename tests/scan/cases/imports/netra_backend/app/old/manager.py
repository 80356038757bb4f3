class OldManager:
    pass


class BroadcastSocketManager:  # finds: socket-manager-namesake
    pass


class JWTValidator:
    def __init__(self, key):
        self.key = key


def get_websocket_manager_old():  # finds: factory-definition
    return BroadcastSocketManager()
