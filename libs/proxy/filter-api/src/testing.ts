export {
  FakeCluster,
  FakeClusters,
  FakeRequestStats,
  fakeConnectionTo,
  type FakeAttempt,
  type FakeConnection,
} from './fake-cluster.ts';
export { FakeFilterStream } from './fake-filter-stream.ts';
