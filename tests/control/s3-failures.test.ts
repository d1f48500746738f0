import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { openControlStore } from '../../automation/control/open-store';
import type { ControlStore } from '../../automation/control/store';
import { OperatorError } from '../../components/errors';
import { withAwsEnvironment } from './aws-environment';
import { failureOf } from './failure-of';

/** What the server below does with a request; `drop` closes the connection without an answer. */
type Answer = { status: number; code?: string; headers?: Record<string, string> } | 'drop';

/*
 * What a real S3 does and moto cannot be brought to do: refusals, conflicts, lost answers. The answers are those of
 * the S3 API reference, "Error responses"; a server of one's own gives them. That AWS gives them so is not proven here.
 */
describe('control storage in a bucket that fails', () => {
  let awsEnvironment: { restore: () => void };
  beforeEach(() => {
    awsEnvironment = withAwsEnvironment();
  });
  afterEach(() => {
    awsEnvironment.restore();
  });

  async function against(
    answer: (request: IncomingMessage, count: number) => Answer,
    act: (store: ControlStore) => Promise<void>
  ): Promise<string[]> {
    const requests: string[] = [];
    const server = createServer((request, response) => {
      request.resume().on('end', () => {
        requests.push(`${request.method ?? ''} ${(request.url ?? '').split('?')[0] ?? ''}`);
        const given = answer(request, requests.length);
        if (given === 'drop') {
          request.socket.destroy();
          return;
        }
        response.writeHead(given.status, { 'content-type': 'application/xml', ...given.headers });
        response.end(given.code === undefined ? '' : `<Error><Code>${given.code}</Code><Message>No.</Message></Error>`);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      await act(await open(`http://127.0.0.1:${port}`));
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    return requests;
  }

  const open = (endpoint: string): Promise<ControlStore> =>
    openControlStore(`s3://control/dr?region=eu-west-1&endpoint=${endpoint}&forcePathStyle=true`, '/nowhere');

  async function expectTold(use: Promise<unknown>, message: string, hint: string): Promise<void> {
    const failure = await failureOf(use);
    expect(failure).to.be.instanceOf(OperatorError);
    expect((failure as OperatorError).message)
      .to.include('s3://control/dr/')
      .and.to.include(message);
    expect((failure as OperatorError).hint).to.include(hint);
  }

  it('tries a write again that met another one', async () => {
    const requests = await against(
      (request, count) => {
        if (request.method === 'HEAD') {
          return { status: 200, headers: { 'x-amz-meta-writer': 'another' } };
        }
        return count <= 2
          ? { status: 409, code: 'ConditionalRequestConflict' }
          : { status: 412, code: 'PreconditionFailed' };
      },
      async (store) => {
        expect(await store.create('a', 'text')).to.equal(false);
      }
    );
    expect(requests.slice(0, 3)).to.deep.equal(Array<string>(3).fill('PUT /control/dr/a'));
  });

  it('gives a conflict up that does not end', async () => {
    await against(
      () => ({ status: 409, code: 'ConditionalRequestConflict' }),
      (store) => expectTold(store.create('a', 'text'), 'HTTP 409', 'service')
    );
  });

  it('knows its own object again when the answer to the write was lost', async () => {
    let writer = '';
    const requests = await against(
      (request, count) => {
        if (count === 1) {
          writer = String(request.headers['x-amz-meta-writer']);
          return 'drop';
        }
        return request.method === 'HEAD'
          ? { status: 200, headers: { 'x-amz-meta-writer': writer } }
          : { status: 412, code: 'PreconditionFailed' };
      },
      async (store) => {
        expect(await store.create('a', 'text')).to.equal(true);
      }
    );
    expect(requests.slice(0, 3)).to.deep.equal(['PUT /control/dr/a', 'PUT /control/dr/a', 'HEAD /control/dr/a']);
  });

  it('does not take an object of another for its own', async () => {
    await against(
      (request) =>
        request.method === 'HEAD'
          ? { status: 200, headers: { 'x-amz-meta-writer': 'another' } }
          : { status: 412, code: 'PreconditionFailed' },
      async (store) => {
        expect(await store.create('a', 'text')).to.equal(false);
      }
    );
  });

  it('refuses a server that ignores conditions, and removes what it made there', async () => {
    const requests = await against(
      (request) => ({ status: request.method === 'DELETE' ? 204 : 200 }),
      (store) => expectTold(store.create('a', 'text'), 'ignores conditions on writes', 'If-None-Match')
    );
    expect(requests).to.deep.equal(['PUT /control/dr/a', 'PUT /control/dr/a', 'DELETE /control/dr/a']);
  });

  it('says that access was denied', async () => {
    await against(
      () => ({ status: 403, code: 'AccessDenied' }),
      async (store) => {
        await expectTold(store.list(''), 'access was denied (AccessDenied)', 's3:ListBucket');
        await expectTold(store.create('a', ''), 'access was denied (AccessDenied)', 's3:PutObject');
      }
    );
  });

  it('says that the bucket lies in another region', async () => {
    await against(
      () => ({ status: 301, code: 'PermanentRedirect' }),
      (store) => expectTold(store.read('a'), 'another region', '?region=')
    );
  });

  it('tries again what fails once', async () => {
    await against(
      (_, count) => (count === 1 ? { status: 503, code: 'SlowDown' } : { status: 404, code: 'NoSuchKey' }),
      async (store) => {
        expect(await store.read('a')).to.equal(null);
      }
    );
  });

  it('says that nothing answers', async () => {
    // Port 1 belongs to tcpmux, which nobody runs.
    const store = await open('http://127.0.0.1:1');
    await expectTold(store.read('a'), 'it cannot be reached', 'Check the network');
    await expectTold(store.create('a', ''), 'it cannot be reached', 'Check the network');
  });

  it('says that there are no credentials', async () => {
    awsEnvironment.restore();
    awsEnvironment = withAwsEnvironment({ AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined });
    await expectTold((await open('http://127.0.0.1:1')).read('a'), 'no credentials were found', 'AWS_PROFILE');
  });

  it('says that the region is missing', async () => {
    const store = await openControlStore('s3://control/dr', '/nowhere');
    const failure = await failureOf(store.read('a'));
    expect(failure).to.include({ name: 'OperatorError', kind: 'bad-input' });
    expect((failure as OperatorError).hint).to.include('?region=');
  });
});
