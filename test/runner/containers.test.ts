import { behavesLikeContainers, type Arrangement } from '../support/contracts/containers.ts';
import { takesSnapshots } from '../support/contracts/snapshots.ts';
import { FakeEngine } from '../support/fake-engine.ts';
import { FakeFleet, IMAGE } from '../support/fake-fleet.ts';

const never = new AbortController().signal;

async function arrange(): Promise<Arrangement> {
  const fleet = await FakeFleet.up(['fe1']);
  const containers = new FakeEngine(fleet.clock, fleet.registry);
  await containers.pull({ reference: `${IMAGE}:v1` });
  let number = 0;
  return {
    containers,
    spec: { image: `${IMAGE}:v1`, pullPolicy: 'never' },
    missingImage: `${IMAGE}:nosuch`,
    newName: () => `container-${++number}`,
    until: async (isDone) => {
      while (!(await isDone())) await fleet.clock.sleep(100, never);
    },
    end: async () => undefined,
  };
}

behavesLikeContainers('the fake', arrange);
takesSnapshots('the fake', arrange);
