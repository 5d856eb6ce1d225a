/** Where something runs. Empty where it is not said. */
export interface Locality {
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
}
