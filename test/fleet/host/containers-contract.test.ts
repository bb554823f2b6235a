import { setTimeout as sleep } from 'node:timers/promises';
import { behavesLikeContainers, type Arrangement } from '../../support/contracts/containers.ts';
import { isExactAboutContainers } from '../../support/contracts/containers-exact.ts';
import { takesSnapshots } from '../../support/contracts/snapshots.ts';
import { labFleet } from '../../support/lab-fleet.ts';
import { own } from '../../support/own-host.ts';

const IMAGE = 'registry.lab:5000/pxapp';

let number = 0;

async function arrange(): Promise<Arrangement> {
  const fleet = labFleet();
  const { containers } = await fleet.host(own);
  await containers.pull({ reference: `${IMAGE}:v1`, policy: 'missing', signal: new AbortController().signal });
  return {
    containers,
    spec: {
      ...{ image: `${IMAGE}:v1`, pullPolicy: 'never' },
      environment: { START_DELAY_MS: '1000' },
      healthcheck: { intervalMs: 200 },
      stopGraceMs: 1_000,
    },
    missingImage: `${IMAGE}:nosuch`,
    newName: () => `sluice-contract-${process.pid}-${++number}`,
    until: async (isDone) => {
      while (!(await isDone())) await sleep(50);
    },
    end: () => fleet.close(),
  };
}

behavesLikeContainers('Docker over SSH', arrange);
isExactAboutContainers('Docker over SSH', arrange);
takesSnapshots('Docker over SSH', arrange);
