"""Emits {"type": "agent_started"} and so on."""

import json
from datetime import datetime

from .names import FIVE, STARTED, EventType, Names

LOCAL = "tool_executing"


async def dicts(manager, run):
    await manager.send({"type": "agent_started", "run_id": run})  # finds: event-emission
    event = {"type": "agent_thinking", "payload": {"reasoning": "x"}, "timestamp": 1}  # finds: event-emission
    await manager.send(event)
    yield {"event": "tool_executing", "tool": "x"}  # finds: event-emission
    yield f"data: {json.dumps({'type': 'tool_completed', 'result': 1})}\n\n"  # finds: event-emission
    message = {  # finds: event-emission
        "run_id": run,
        "type": "agent_completed",
        "payload": {"status": "done"},
    }
    await manager.send(message)
    yield dict(type="agent_started", run_id=run)  # finds: event-emission
    yield {"event_type": EventType.AGENT_THINKING, "run_id": run}  # finds: event-emission
    yield {"type": EventType.TOOL_EXECUTING.value, "run_id": run}  # finds: event-emission
    yield {"type": STARTED}  # finds: event-emission
    yield {"type": Names.COMPLETED}  # finds: event-emission
    yield [{"type": "tool_executing", "tool": tool} for tool in "ab"]  # finds: event-emission
    yield {"type": "batch", "events": [{"type": "tool_completed"}]}  # finds: event-emission


async def calls(emitter, bridge, run):
    await emitter.emit("agent_started", {"run_id": run})  # finds: event-emission
    await emitter.emit_event(EventType.AGENT_STARTED, run)  # finds: event-emission
    await bridge.send_event("c1", "agent_thinking", {"thought": "x"})  # finds: event-emission
    await bridge.notify(event_type="tool_executing", run_id=run)  # finds: event-emission
    await bridge.emit_critical_event(LOCAL, run)  # finds: event-emission
    await bridge.broadcast("agent_completed", run_id=run)  # finds: event-emission
    bridge.publish("agent_completed", {"at": datetime.now()})  # finds: event-emission


class Event:
    def __init__(self, type, payload=None):
        self.type = type
        self.payload = payload


def objects(run):
    yield Event(type="agent_started", payload={"run": run})  # finds: event-emission
    message = {}
    message["type"] = "tool_completed"  # finds: event-emission
    yield message
    event = Event(None)
    event.type = "agent_completed"  # finds: event-emission
    yield event


def never(event, handlers, logger, metrics, on, run):
    # {"type": "agent_started"}
    if event["type"] == "agent_started" or event.get("type") in ("agent_thinking", "tool_executing"):
        logger.info("agent_started")
        metrics.increment("agent_completed")
    if event["type"] in FIVE:
        return FIVE.index("agent_started")
    match event["type"]:
        case "tool_completed":
            return handlers["tool_completed"]
        case EventType.AGENT_STARTED:
            return None
    on("agent_started", run)
    handlers["agent_started"] = run
    table = {"agent_started": run, "agent_completed": run}
    assert event == {"type": "agent_started", "run_id": run}
    names = {"first": "agent_started", "last": "agent_completed"}
    text = "emit('agent_started', {'type': 'agent_started'})"
    return table, names, text, {"type": "agent_stopped"}, {"type": EventType.OTHER}
