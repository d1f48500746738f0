import type { Subscription } from '@medplum/fhirtypes';
import type { Pool } from 'pg';
import { log } from './log';
import type { ResourceRow } from './resource-rows';

// One attempt: Medplum's queue, with its retries, is not here.
const timeoutMilliseconds = 10_000;

/**
 * Rest-hook subscriptions to all resources of a type: a write is posted to the endpoint, as Medplum does. Criteria with
 * a search, other channels and deletes are not served. They are rows, so a restored server delivers from its start on.
 */
export class Subscriptions {
  private readonly active = new Map<string, { readonly resourceType: string; readonly endpoint: string }>();

  static async load(pool: Pool): Promise<Subscriptions> {
    const subscriptions = new Subscriptions();
    const { rows } = await pool.query<{ id: string; content: string }>(
      'SELECT id, content FROM "Subscription" WHERE NOT deleted'
    );
    for (const { id, content } of rows) {
      subscriptions.set(id, content);
    }
    return subscriptions;
  }

  /** Follows committed writes: of subscriptions, and of what they ask for. Nobody waits for a delivery. */
  refresh(rows: readonly ResourceRow[]): void {
    for (const { resourceType, id, content, deleted } of rows) {
      if (resourceType === 'Subscription') {
        this.set(id, deleted ? '{}' : content);
      } else if (!deleted) {
        const wanted = [...this.active.values()].filter((subscription) => subscription.resourceType === resourceType);
        for (const { endpoint } of wanted) {
          void deliver(endpoint, content);
        }
      }
    }
  }

  private set(id: string, content: string): void {
    const { status, criteria, channel } = JSON.parse(content) as Partial<Subscription>;
    if (status === 'active' && criteria !== undefined && channel?.type === 'rest-hook' && channel.endpoint) {
      this.active.set(id, { resourceType: criteria, endpoint: channel.endpoint });
    } else {
      this.active.delete(id);
    }
  }
}

async function deliver(endpoint: string, body: string): Promise<void> {
  try {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { 'Content-Type': 'application/fhir+json' },
      body,
      signal: AbortSignal.timeout(timeoutMilliseconds),
    });
    await response.arrayBuffer();
  } catch (error) {
    const reason = error instanceof Error ? (error.cause ?? error) : error;
    log('WARN', 'A subscription could not be delivered', { endpoint, reason: String(reason) });
  }
}
