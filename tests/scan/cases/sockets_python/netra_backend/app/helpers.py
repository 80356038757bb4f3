async def safe_websocket_send(websocket, message):
    try:
        await websocket.send_json(message)  # finds: socket-send
        return True
    except RuntimeError:
        return False


async def safe_websocket_close(websocket, code):
    await websocket.close(code)  # finds: socket-close


async def safe_websocket_accept(websocket):
    await websocket.accept()  # finds: socket-accept


async def entry(websocket):
    await safe_websocket_accept(websocket)  # finds: socket-accept
