/** How one cluster learns its hosts. */
export interface Discovery {
  /** Begins; called once. */
  start(): void;
  /** Stops for good: no callback comes any more. */
  close(): void;
}

/** What a discovery tells the cluster manager. */
export interface DiscoveryOwner {
  /** The first hosts are known, or that there are none. Called once. */
  onInitialized(): void;
}
