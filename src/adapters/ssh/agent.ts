/** ssh-agent, by its own protocol: ssh2's client leaves out what it cannot use itself, which must be told. */
import { once } from 'node:events';
import { connect } from 'node:net';

/** SSH_AGENTC_REQUEST_IDENTITIES and SSH_AGENT_IDENTITIES_ANSWER of the agent protocol. */
const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
const ANSWER_WITHIN_MS = 5_000;

export interface AgentKey {
  /** The public key, or certificate, in SSH's binary form. */
  readonly blob: Buffer;
  readonly comment: string;
}

/** @throws Error when there is no agent, or it does not answer as one */
export async function keysOfAgent(socketPath: string): Promise<readonly AgentKey[]> {
  const socket = connect(socketPath);
  socket.setTimeout(ANSWER_WITHIN_MS, () => socket.destroy(new Error('it does not answer')));
  try {
    await once(socket, 'connect');
    socket.write(Buffer.from([0, 0, 0, 1, REQUEST_IDENTITIES]));
    let answer = Buffer.of();
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      answer = Buffer.concat([answer, chunk]);
      if (answer.length >= 4 && answer.length >= 4 + answer.readUInt32BE(0)) return keysIn(answer.subarray(4));
    }
    throw new Error('it hangs up');
  } finally {
    socket.destroy();
  }
}

function keysIn(answer: Buffer): readonly AgentKey[] {
  if (answer[0] !== IDENTITIES_ANSWER) throw new Error('it does not tell its keys');
  const count = answer.readUInt32BE(1);
  let at = 5;
  const next = (): Buffer => {
    const end = at + 4 + answer.readUInt32BE(at);
    const text = answer.subarray(at + 4, end);
    at = end;
    return text;
  };
  return Array.from({ length: count }, () => ({ blob: next(), comment: next().toString('utf8') }));
}
