// Package demo has no code. Its test executes steps of the demo.
package demo

import (
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"synccenter.dev/synccenter/test/apiserver"
)

var server *apiserver.Server

func TestMain(m *testing.M) {
	os.Exit(apiserver.Main(m, func(s *apiserver.Server) { server = s }))
}

// TestTheDemoMayRunAgain applies the tasks a second time, after the first demo has patched the schedule of one.
func TestTheDemoMayRunAgain(t *testing.T) {
	const steps = `. ./demo.sh && own hack/demo/namespace.yaml && apply_tasks && schedule "* * * * *" &&
		apply_tasks && schedule "* * * * *"`
	command := exec.CommandContext(t.Context(), "bash", "-c", steps)
	command.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig(t, server.Config), "PATH="+os.Getenv("KUBEBUILDER_ASSETS")+":"+os.Getenv("PATH"))
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v:\n%s", err, out)
	} else if strings.Count(string(out), "synctask.synccenter.dev/groups serverside-applied") != 2 {
		t.Errorf("the tasks were not applied twice:\n%s", out)
	}
}

// kubeconfig writes one for the API server of the test.
func kubeconfig(t *testing.T, config *rest.Config) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kubeconfig")
	encoded := base64.StdEncoding.EncodeToString
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: %q, certificate-authority-data: %s}}]
users: [{name: test, user: {client-certificate-data: %s, client-key-data: %s, token: %q}}]
contexts: [{name: test, context: {cluster: test, user: test}}]
current-context: test
`, config.Host, encoded(config.CAData), encoded(config.CertData), encoded(config.KeyData), config.BearerToken)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
