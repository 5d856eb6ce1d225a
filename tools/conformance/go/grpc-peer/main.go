// Command grpc-peer is a gRPC server or a gRPC client that is steered by xDS, under the orders of a suite.
//
//	grpc-peer serve -name NAME [-port P] [-xds]   answers with its name; prints "serving PORT"
//	grpc-peer call -target xds:///NAME [-secure]  calls when it is told to; prints "orders PORT"
//
// A call with the metadata "fail-times: N" is refused with UNAVAILABLE as long as it has been tried N times at most.
// GET /call?count=N&fail=N makes calls and tells who answered, what went wrong, and whom the servers saw.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	rpc "google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	xdscreds "google.golang.org/grpc/credentials/xds"
	testing "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/xds"
)

type service struct {
	testing.UnimplementedTestServiceServer
	name string
}

func numberIn(md metadata.MD, name string) int {
	for _, value := range md.Get(name) {
		if number, err := strconv.Atoi(value); err == nil {
			return number
		}
	}
	return 0
}

func callerOf(ctx context.Context) string {
	from, ok := peer.FromContext(ctx)
	if !ok {
		return ""
	}
	info, ok := from.AuthInfo.(credentials.TLSInfo)
	if !ok || len(info.State.PeerCertificates) == 0 || len(info.State.PeerCertificates[0].URIs) == 0 {
		return ""
	}
	return info.State.PeerCertificates[0].URIs[0].String()
}

func (s *service) UnaryCall(ctx context.Context, _ *testing.SimpleRequest) (*testing.SimpleResponse, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	if numberIn(md, "grpc-previous-rpc-attempts") < numberIn(md, "fail-times") {
		return nil, status.Error(codes.Unavailable, "told to fail")
	}
	return &testing.SimpleResponse{ServerId: s.name, Username: callerOf(ctx)}, nil
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func serve(args []string) {
	flags := flag.NewFlagSet("serve", flag.ExitOnError)
	name := flags.String("name", "", "what it answers with")
	port := flags.Int("port", 0, "0: the system chooses")
	steered := flags.Bool("xds", false, "take the listener, and with it TLS, by xDS")
	_ = flags.Parse(args)
	listener := must(net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(*port))))
	at := listener.Addr().(*net.TCPAddr).Port
	if !*steered {
		server := grpc.NewServer()
		testing.RegisterTestServiceServer(server, &service{name: *name})
		fmt.Printf("serving %d\n", at)
		log.Fatal(server.Serve(listener))
	}
	creds := must(xdscreds.NewServerCredentials(xdscreds.ServerOptions{FallbackCreds: insecure.NewCredentials()}))
	mode := xds.ServingModeCallback(func(_ net.Addr, change xds.ServingModeChangeArgs) {
		fmt.Printf("mode %s %v\n", change.Mode, change.Err)
	})
	server := must(xds.NewGRPCServer(grpc.Creds(creds), mode))
	testing.RegisterTestServiceServer(server, &service{name: *name})
	fmt.Printf("serving %d\n", at)
	log.Fatal(server.Serve(listener))
}

type outcome struct {
	Servers map[string]int `json:"servers"`
	Errors  map[string]int `json:"errors"`
	Callers map[string]int `json:"callers"`
}

// nameOf is the name that the protocol has for a code: UNAVAILABLE.
func nameOf(code codes.Code) string { return rpc.Code(code).String() }

func call(args []string) {
	flags := flag.NewFlagSet("call", flag.ExitOnError)
	target := flags.String("target", "", "xds:///NAME")
	secure := flags.Bool("secure", false, "take TLS from the cluster")
	_ = flags.Parse(args)
	creds := insecure.NewCredentials()
	if *secure {
		creds = must(xdscreds.NewClientCredentials(xdscreds.ClientOptions{FallbackCreds: insecure.NewCredentials()}))
	}
	connection := must(grpc.NewClient(*target, grpc.WithTransportCredentials(creds)))
	client := testing.NewTestServiceClient(connection)
	http.HandleFunc("GET /call", func(w http.ResponseWriter, r *http.Request) {
		count := must(strconv.Atoi(r.URL.Query().Get("count")))
		result := outcome{Servers: map[string]int{}, Errors: map[string]int{}, Callers: map[string]int{}}
		for range count {
			ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
			ctx = metadata.AppendToOutgoingContext(ctx, "fail-times", r.URL.Query().Get("fail"))
			response, err := client.UnaryCall(ctx, &testing.SimpleRequest{})
			cancel()
			if err != nil {
				result.Errors[nameOf(status.Code(err))+": "+status.Convert(err).Message()]++
				continue
			}
			result.Servers[response.ServerId]++
			result.Callers[response.Username]++
		}
		_ = json.NewEncoder(w).Encode(result)
	})
	orders := must(net.Listen("tcp", "127.0.0.1:0"))
	fmt.Printf("orders %d\n", orders.Addr().(*net.TCPAddr).Port)
	log.Fatal(http.Serve(orders, nil))
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		serve(os.Args[2:])
	}
	if len(os.Args) > 1 && os.Args[1] == "call" {
		call(os.Args[2:])
	}
	log.Fatal("usage: grpc-peer serve|call FLAGS")
}
