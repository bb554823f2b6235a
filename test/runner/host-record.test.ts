import { keepsARecord } from '../support/contracts/host-record.ts';
import { FakeRecord, FakeRecordFile } from '../support/fake-record.ts';

keepsARecord('FakeRecord', async () => {
  const file = new FakeRecordFile();
  return {
    record: () => new FakeRecord('fe1', file),
    tear: async () => {
      file.isTorn = true;
    },
    forbid: async () => {
      file.isWritable = false;
    },
    end: async () => undefined,
  };
});
