def websocket_close_reason(message):
    return message[:120]
