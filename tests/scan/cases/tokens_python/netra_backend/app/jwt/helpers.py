def decode(token):
    return token[::-1]


def encode(token):
    return token[::-1]
