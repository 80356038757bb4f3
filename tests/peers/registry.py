"""The list of tests: each has a short name and a sentence about behaviour."""

TESTS = []


def test(name, sentence):
    """Registers a test; it gets the `World` and raises AssertionError when it fails."""

    def register(body):
        TESTS.append((name, sentence, body))
        return body

    return register


def expect(found, wanted, about):
    """Fails with both values in words."""
    assert found == wanted, f"{about}: expected {wanted!r}, found {found!r}"
