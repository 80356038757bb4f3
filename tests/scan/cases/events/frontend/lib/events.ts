// dispatch({ type: 'agent_started' }) is what this is about.
export enum EventType {
  Started = 'agent_started',
  Other = 'other',
}

export const TYPES = { completed: 'agent_completed' } as const;
export const FIVE = ['agent_started', 'agent_thinking', 'tool_executing', 'tool_completed', 'agent_completed'];

export type Event =
  | { type: 'agent_started'; run: string }
  | { type: 'agent_completed'; run: string };

export interface Thinking {
  type: 'agent_thinking';
}

export function* emits(dispatch: (event: object) => void, emitter: any, type: string) {
  dispatch({ type: 'agent_started', run: 'a' }); // finds: event-emission
  yield { type: 'agent_thinking', payload: { reasoning: 'x' } }; // finds: event-emission
  yield { event: 'tool_executing', tool: 'x' }; // finds: event-emission
  yield { type: EventType.Started, run: 'a' }; // finds: event-emission
  yield { type: TYPES.completed }; // finds: event-emission
  yield JSON.stringify({ 'type': "tool_completed" }); // finds: event-emission
  yield { type: `agent_completed`, timestamp: Date.now() } as Event; // finds: event-emission
  emitter.emit('agent_started', { run: 'a' }); // finds: event-emission
  emitter.dispatchEvent(new CustomEvent('tool_executing')); // finds: event-emission
  const message: Record<string, unknown> = {};
  message.type = 'agent_thinking'; // finds: event-emission
  message['event_type'] = 'tool_executing'; // finds: event-emission
  yield message;
}

export function never(event: { type: string }, emitter: any, handlers: Record<string, () => void>) {
  switch (event.type) {
    case 'agent_started':
      return handlers['agent_started'];
    case 'agent_completed':
      return handlers.agent_completed;
  }
  if (event.type === 'tool_executing' || FIVE.includes('tool_completed')) return null;
  emitter.on('agent_started', () => undefined);
  emitter.addEventListener('tool_completed', () => undefined);
  console.log('agent_started', "{ type: 'agent_started' }");
  const labels = { agent_started: 'Started', agent_completed: 'Done' };
  const names = { first: 'agent_started' };
  return [labels, names, { type: 'agent_stopped' }, { type: EventType.Other }];
}
