class Broadcaster:
    def broadcast(self, topic):
        return topic
