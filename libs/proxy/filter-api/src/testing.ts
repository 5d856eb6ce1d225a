export { FakeCluster, FakeClusters, FakeRequestStats, type FakeAttempt } from './fake-cluster.ts';
export { FakeFilterStream } from './fake-filter-stream.ts';
