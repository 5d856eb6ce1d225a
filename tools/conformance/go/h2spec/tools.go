// Package tools names the program that go.mod pins: h2spec, the conformance suite for HTTP/2 servers.
package tools

import (
	_ "github.com/spf13/cobra"
	_ "github.com/summerwind/h2spec"
)
