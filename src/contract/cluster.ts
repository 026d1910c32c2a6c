/** The names by which workers and clients find each other, so that several clusters can share a virtual host. */
export interface ClusterNames {
  /** Fanout exchange of control requests. */
  readonly control: string;
  /** Direct exchange of the replies to them. */
  readonly controlReply: string;
  /** Topic exchange of events. */
  readonly events: string;
  /** What the names of the queues for events start with. */
  readonly eventQueuePrefix: string;
}

/** The names by Celery's settings `control_exchange`, `event_exchange` and `event_queue_prefix` (kombu/pidbox.py). */
export function clusterNames(settings: {
  readonly controlExchange: string;
  readonly eventExchange: string;
  readonly eventQueuePrefix: string;
}): ClusterNames {
  const { controlExchange, eventExchange, eventQueuePrefix } = settings;
  return {
    control: `${controlExchange}.pidbox`,
    controlReply: `reply.${controlExchange}.pidbox`,
    events: eventExchange,
    eventQueuePrefix,
  };
}

/** Celery's defaults. */
export const CELERY_CLUSTER = clusterNames({
  controlExchange: 'celery',
  eventExchange: 'celeryev',
  eventQueuePrefix: 'celeryev',
});
