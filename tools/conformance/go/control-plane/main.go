// Command control-plane serves xDS with go-control-plane's own cache and server, under the orders of a suite.
//
// It prints "xds PORT orders PORT" once it listens. Orders come by HTTP:
//
//	POST /snapshot?node=ID&version=V   the body is a JSON list of google.protobuf.Any: the whole snapshot of the node
//	GET  /events                       what the streams carried since the start, a JSON list
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	"github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	"github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	"github.com/envoyproxy/go-control-plane/pkg/server/v3"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/anypb"

	_ "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
)

// event is one message of one stream. A request with an error refuses the response of its nonce.
type event struct {
	Stream  int64    `json:"stream"`
	From    string   `json:"from"`
	TypeURL string   `json:"typeUrl"`
	Version string   `json:"version"`
	Nonce   string   `json:"nonce"`
	Names   []string `json:"names"`
	Removed []string `json:"removed"`
	Error   string   `json:"error"`
}

type journal struct {
	mutex  sync.Mutex
	events []event
}

func (j *journal) add(e event) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	j.events = append(j.events, e)
}

func (j *journal) list() []event {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	return append([]event{}, j.events...)
}

func errorOf(detail *status.Status) string { return detail.GetMessage() }

func (j *journal) callbacks() server.Callbacks {
	return server.CallbackFuncs{
		StreamRequestFunc: func(id int64, r *discovery.DiscoveryRequest) error {
			j.add(event{Stream: id, From: "proxy", TypeURL: r.TypeUrl, Version: r.VersionInfo, Nonce: r.ResponseNonce,
				Names: r.ResourceNames, Error: errorOf(r.ErrorDetail)})
			return nil
		},
		StreamResponseFunc: func(_ context.Context, id int64, _ *discovery.DiscoveryRequest, r *discovery.DiscoveryResponse) {
			j.add(event{Stream: id, From: "server", TypeURL: r.TypeUrl, Version: r.VersionInfo, Nonce: r.Nonce})
		},
		StreamDeltaRequestFunc: func(id int64, r *discovery.DeltaDiscoveryRequest) error {
			j.add(event{Stream: id, From: "proxy", TypeURL: r.TypeUrl, Nonce: r.ResponseNonce,
				Names: r.ResourceNamesSubscribe, Removed: r.ResourceNamesUnsubscribe, Error: errorOf(r.ErrorDetail)})
			return nil
		},
		StreamDeltaResponseFunc: func(id int64, _ *discovery.DeltaDiscoveryRequest, r *discovery.DeltaDiscoveryResponse) {
			names := []string{}
			for _, each := range r.Resources {
				names = append(names, each.Name)
			}
			j.add(event{Stream: id, From: "server", TypeURL: r.TypeUrl, Version: r.SystemVersionInfo, Nonce: r.Nonce,
				Names: names, Removed: r.RemovedResources})
		},
	}
}

func snapshotOf(version string, body []byte) (*cache.Snapshot, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, err
	}
	resources := map[resource.Type][]types.Resource{}
	for _, text := range list {
		var packed anypb.Any
		if err := protojson.Unmarshal(text, &packed); err != nil {
			return nil, err
		}
		message, err := packed.UnmarshalNew()
		if err != nil {
			return nil, err
		}
		resources[packed.TypeUrl] = append(resources[packed.TypeUrl], message)
	}
	return cache.NewSnapshot(version, resources)
}

func orders(snapshots cache.SnapshotCache, events *journal) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /snapshot", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			var snapshot *cache.Snapshot
			if snapshot, err = snapshotOf(r.URL.Query().Get("version"), body); err == nil {
				err = snapshots.SetSnapshot(r.Context(), r.URL.Query().Get("node"), snapshot)
			}
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	})
	mux.HandleFunc("GET /events", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(events.list())
	})
	return mux
}

// nodeID is the cache's key: the node's own id.
type nodeID struct{}

func (nodeID) ID(node *corev3.Node) string { return node.GetId() }

func listen(port int) net.Listener {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		log.Fatal(err)
	}
	return listener
}

func portOf(listener net.Listener) int { return listener.Addr().(*net.TCPAddr).Port }

func main() {
	port := flag.Int("port", 0, "where xDS is served; 0: the system chooses")
	flag.Parse()
	events := &journal{}
	// true: the aggregated stream's cache, which answers a type once all of its resources are asked for.
	snapshots := cache.NewSnapshotCache(true, nodeID{}, nil)
	service := server.NewServer(context.Background(), snapshots, events.callbacks())
	serving := grpc.NewServer(grpc.KeepaliveEnforcementPolicy(
		keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true}))
	discovery.RegisterAggregatedDiscoveryServiceServer(serving, service)
	xds, control := listen(*port), listen(0)
	go func() { log.Fatal(http.Serve(control, orders(snapshots, events))) }()
	fmt.Printf("xds %d orders %d\n", portOf(xds), portOf(control))
	log.Fatal(serving.Serve(xds))
}
