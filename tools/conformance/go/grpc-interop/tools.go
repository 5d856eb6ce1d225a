// Package tools names the module that go.mod pins: grpc-go, with its interoperability client and server.
package tools

import _ "google.golang.org/grpc"
