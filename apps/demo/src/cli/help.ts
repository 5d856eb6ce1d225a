/** What `weft demo --help` prints. */
export function demoHelp(): string {
  return `Usage: weft demo COMMAND [OPTIONS]

The video catalog on this machine: its services as processes, a Weft sidecar beside each, a gateway
before all.

Commands:
  start     run it in the foreground until Ctrl-C
  set       throw switches while it runs: weft demo set flaky=on retries=off
  status    print what runs, and the figures of every edge
  measure   measure retries, split and canary on the running demo, and print the numbers
  stop      end the running demo

Switches (for set as NAME=VALUE, for start as --NAME VALUE):
  flaky     on, off   videos-api hangs up on a third of its calls                      (off)
  retries   on, off   the sidecar of playlists-api tries such calls again              (on)
  split     0..100    percent of the pages that are version 2                          (0)
  canary    on, off   the cookie version=v2 decides instead; wins over split           (off)

Options of start:
  --open                   open the page in the browser
  --auto-ports             the system chooses every port
  --gateway-port N         the port of the catalog                                     (8080)
  --status-port N          the port of the status page                                 (8088)
  --zipkin http://H:PORT   send traces there; also $ZIPKIN_URL
  --envoy FILE             run this Envoy in place of weft proxy, with the same mesh

Options of measure:
  --pages N                loads for each share of complete pages                      (500)
  --requests N             requests for each share of versions                         (1000)
  --json                   print JSON; also for status

Options of all:
  --state-dir DIR          where the running demo keeps its files (.weft/demo in the workspace)

Redis is $REDIS_URL if set, else redis-server from the path, else one inside the demo.`;
}
