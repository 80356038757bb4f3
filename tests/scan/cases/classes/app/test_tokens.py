import jwt  # finds: jwt-import (test)


def test_a_token_is_read():
    assert jwt.decode("x", "k", algorithms=["HS256"])["sub"]  # finds: verified-decode (test)
