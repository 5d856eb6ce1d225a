import com.google.gson.Gson;
import com.google.protobuf.Any;
import com.google.protobuf.ListValue;
import com.google.protobuf.Message;
import com.google.protobuf.TypeRegistry;
import com.google.protobuf.Value;
import com.google.protobuf.util.JsonFormat;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.envoyproxy.controlplane.cache.v3.SimpleCache;
import io.envoyproxy.controlplane.cache.v3.Snapshot;
import io.envoyproxy.controlplane.server.DiscoveryServerCallbacks;
import io.envoyproxy.controlplane.server.V3DiscoveryServer;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.extensions.filters.http.router.v3.Router;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import io.envoyproxy.envoy.service.discovery.v3.Resource;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Serves xDS with java-control-plane's own cache and server, under the orders of a suite: the same as
 * tools/conformance/go/control-plane, which tells what the orders are.
 */
public final class ControlPlane {
  /** One message of one stream. A request with an error refuses the response of its nonce. */
  private record Event(
      long stream, String from, String typeUrl, String version, String nonce, List<String> names, List<String> removed, String error) {}

  private static final TypeRegistry TYPES =
      TypeRegistry.newBuilder()
          .add(Cluster.getDescriptor())
          .add(ClusterLoadAssignment.getDescriptor())
          .add(Listener.getDescriptor())
          .add(RouteConfiguration.getDescriptor())
          .add(Secret.getDescriptor())
          .add(HttpConnectionManager.getDescriptor())
          .add(Router.getDescriptor())
          .build();
  private static final JsonFormat.Parser PARSER = JsonFormat.parser().usingTypeRegistry(TYPES);
  private static final JsonFormat.Printer PRINTER = JsonFormat.printer().usingTypeRegistry(TYPES);

  private final SimpleCache<String> cache = new SimpleCache<>(node -> node.getId());
  private final List<Event> events = new CopyOnWriteArrayList<>();

  public static void main(String[] args) throws Exception {
    new ControlPlane().run(args.length > 1 && args[0].equals("-port") ? Integer.parseInt(args[1]) : 0);
  }

  private void run(int port) throws Exception {
    var service = new V3DiscoveryServer(new Journal(), cache);
    Server xds =
        NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", port))
            .addService(service.getAggregatedDiscoveryServiceImpl())
            .build()
            .start();
    HttpServer orders = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    orders.createContext("/snapshot", exchange -> answer(exchange, this::takeSnapshot));
    orders.createContext("/events", exchange -> answer(exchange, ignored -> new Gson().toJson(events)));
    orders.start();
    System.out.printf("xds %d orders %d%n", xds.getPort(), orders.getAddress().getPort());
    xds.awaitTermination();
  }

  private interface Order {
    String carryOut(HttpExchange exchange) throws IOException;
  }

  private static void answer(HttpExchange exchange, Order order) throws IOException {
    int status = 200;
    String text;
    try {
      text = order.carryOut(exchange);
    } catch (IOException | RuntimeException error) {
      status = 400;
      text = String.valueOf(error.getMessage());
    }
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(body);
    }
  }

  private String takeSnapshot(HttpExchange exchange) throws IOException {
    Map<String, String> query = queryOf(exchange);
    String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    ListValue.Builder list = ListValue.newBuilder();
    JsonFormat.parser().merge(body, list);
    List<Any> resources = new ArrayList<>();
    for (Value value : list.getValuesList()) {
      Any.Builder packed = Any.newBuilder();
      PARSER.merge(PRINTER.print(value.getStructValue()), packed);
      resources.add(packed.build());
    }
    cache.setSnapshot(
        query.get("node"),
        Snapshot.create(
            of(Cluster.class, resources),
            of(ClusterLoadAssignment.class, resources),
            of(Listener.class, resources),
            of(RouteConfiguration.class, resources),
            of(Secret.class, resources),
            query.get("version")));
    return "";
  }

  private static <T extends Message> List<T> of(Class<T> type, List<Any> resources) throws IOException {
    List<T> found = new ArrayList<>();
    for (Any each : resources) {
      if (each.is(type)) {
        found.add(each.unpack(type));
      }
    }
    return found;
  }

  private static Map<String, String> queryOf(HttpExchange exchange) {
    Map<String, String> values = new HashMap<>();
    for (String pair : exchange.getRequestURI().getRawQuery().split("&")) {
      String[] parts = pair.split("=", 2);
      values.put(parts[0], URLDecoder.decode(parts[1], StandardCharsets.UTF_8));
    }
    return values;
  }

  private final class Journal implements DiscoveryServerCallbacks {
    @Override
    public void onV3StreamRequest(long stream, DiscoveryRequest r) {
      note(stream, "proxy", r.getTypeUrl(), r.getVersionInfo(), r.getResponseNonce(), r.getResourceNamesList(), List.of(), r.getErrorDetail().getMessage());
    }

    @Override
    public void onV3StreamDeltaRequest(long stream, DeltaDiscoveryRequest r) {
      note(stream, "proxy", r.getTypeUrl(), "", r.getResponseNonce(), r.getResourceNamesSubscribeList(), r.getResourceNamesUnsubscribeList(), r.getErrorDetail().getMessage());
    }

    @Override
    public void onV3StreamResponse(long stream, DiscoveryRequest ignored, DiscoveryResponse r) {
      note(stream, "server", r.getTypeUrl(), r.getVersionInfo(), r.getNonce(), List.of(), List.of(), "");
    }

    @Override
    public void onV3StreamDeltaResponse(long stream, DeltaDiscoveryRequest ignored, DeltaDiscoveryResponse r) {
      List<String> names = r.getResourcesList().stream().map(Resource::getName).toList();
      note(stream, "server", r.getTypeUrl(), r.getSystemVersionInfo(), r.getNonce(), names, r.getRemovedResourcesList(), "");
    }

    private void note(
        long stream, String from, String typeUrl, String version, String nonce, List<String> names, List<String> removed, String error) {
      events.add(new Event(stream, from, typeUrl, version, nonce, List.copyOf(names), List.copyOf(removed), error));
    }
  }
}
