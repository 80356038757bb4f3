from enum import Enum

STARTED = "agent_started"
FIVE = ["agent_started", "agent_thinking", "tool_executing", "tool_completed", "agent_completed"]


class EventType(str, Enum):
    AGENT_STARTED = "agent_started"
    AGENT_THINKING = "agent_thinking"
    TOOL_EXECUTING = "tool_executing"
    OTHER = "other"


class Names:
    COMPLETED = "agent_completed"
