package v1alpha1_test

import (
	"os"
	"testing"

	"synccenter.dev/synccenter/test/apiserver"
)

// server is shared by the tests of the package; each has a namespace of its own.
var server *apiserver.Server

func TestMain(m *testing.M) {
	os.Exit(apiserver.Main(m, func(s *apiserver.Server) { server = s }))
}
