#!/usr/bin/env bash
# Writes libs/api/envoy/descriptors from the Go module that publishes Envoy's API. Needs Go 1.26; users of Weft do not.
set -euo pipefail
cd "$(dirname "$0")"
out=$(realpath ../../libs/api/envoy)/descriptors
version=$(sed -n 's|.*go-control-plane/envoy v||p' go.mod | tr -d ' ')
go mod download github.com/envoyproxy/go-control-plane/envoy
module=$(go list -m -f '{{.Dir}}' github.com/envoyproxy/go-control-plane/envoy)
# Every package of a Go module with generated code in it, as a blank import.
packages() {
  (cd "$(go list -m -f '{{.Dir}}' "$1")" && grep -rl --include='*.pb.go' '' . | xargs -n1 dirname | sort -u | sed "s|^\./|$1/|")
}
{
  echo "package main"
  echo
  echo "import ("
  for name in github.com/envoyproxy/go-control-plane/envoy github.com/cncf/xds/go; do
    packages "$name" | sed 's|.*|	_ "&"|'
  done
  for service in trace metrics logs; do
    echo "	_ \"go.opentelemetry.io/proto/otlp/collector/$service/v1\""
  done
  echo ")"
} > imports.go
go mod tidy
mkdir -p "$out"
go run . "$out/envoy-$version.binpb"
cp "$module/LICENSE" "$out/LICENSE"
chmod 644 "$out/LICENSE"
cat > "$out/ORIGIN" <<TEXT
envoy-$version.binpb: google.protobuf.FileDescriptorSet of Envoy $version's API and all it imports.
Made by tools/gen-api/generate.sh from the Go module github.com/envoyproxy/go-control-plane/envoy v$version
(commit $(cat "$module/COMMIT") of envoyproxy/envoy), github.com/cncf/xds/go, go.opentelemetry.io/proto/otlp, and what they import.
Licence: Apache-2.0, see LICENSE.
TEXT
(cd "$out" && sha256sum "envoy-$version.binpb" > SHA256SUMS)
rm imports.go
