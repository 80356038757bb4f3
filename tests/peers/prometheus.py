"""promtool reads the metrics and the alert rules of docs/operations.md."""

import subprocess

from registry import expect, test


@test("promtool-metrics", "promtool finds nothing wrong with /metrics after traffic on every component")
def metrics(world):
    from world import ask

    for component in ["http-auth", "socket-auth", "frontend-session"]:
        for token in [world.token(), "nonsense", "down"]:
            headers = [("Authorization", f"Bearer {token}")]
            ask(world.data, "GET", f"/v1/forward-auth/{component}", headers)
    answer = ask(world.metrics, "GET", "/metrics")
    expect(answer.status, 200, "status")
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=answer.body, capture_output=True, timeout=60
    )
    said = (checked.stdout + checked.stderr).decode()
    assert checked.returncode == 0 and not said.strip(), said


@test("promtool-rules", "promtool accepts the alert rules, and every metric in them exists")
def rules(world):
    import re

    from world import ask, document_block

    text = document_block("operations.md", "alerts")
    path = world.write("alerts.yml", text)
    checked = subprocess.run(
        ["promtool", "check", "rules", str(path)], capture_output=True, timeout=60
    )
    assert checked.returncode == 0, (checked.stdout + checked.stderr).decode()
    metrics = ask(world.metrics, "GET", "/metrics").body.decode()
    for name in set(re.findall(r"\bcrossfade_\w+", text)):
        assert re.search(rf"^{name}[ {{]", metrics, re.M), f"there is no metric {name}"
    for code in set(re.findall(r'code="([^"]+)"', text)):
        assert f'code="{code}"' in metrics, f"no counter has the code {code}"
