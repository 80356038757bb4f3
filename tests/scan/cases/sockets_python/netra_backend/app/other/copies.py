class Copy:
    def send(self, user):
        return user


def get_websocket_manager(user):  # finds: factory-definition
    return Copy()
