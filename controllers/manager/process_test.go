package manager_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	ctrl "sigs.k8s.io/controller-runtime"

	"synccenter.dev/synccenter/controllers/manager"
)

// optionsVariable makes the program of these tests a manager with the options
// that it holds: a process can have one manager only, and a test more.
const optionsVariable = "SYNCCENTER_TEST_MANAGER"

// runManager is what the program of these tests does as a manager.
func runManager(encoded string) int {
	var options manager.Options
	err := json.Unmarshal([]byte(encoded), &options)
	if err == nil {
		err = manager.Run(ctrl.SetupSignalHandler(), ctrl.GetConfigOrDie(), options)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// process is a manager in a process of its own.
type process struct {
	mu  sync.Mutex
	log strings.Builder
}

// startManager starts one with the identity of the manager's account. It ends
// with the test, and must do so without an error.
func startManager(t *testing.T, options manager.Options) *process {
	t.Helper()
	encoded, err := json.Marshal(options)
	if err != nil {
		t.Fatal(err)
	}
	p := &process{}
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), optionsVariable+"="+string(encoded), "KUBECONFIG="+writeKubeconfig(t))
	command.Stdout, command.Stderr = p, p
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 30 * time.Second
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// This is what Wait says of a process that was asked to end and did so without an error.
		if err := command.Wait(); !errors.Is(err, context.Canceled) {
			t.Errorf("the manager ended with: %v", err)
		}
		if t.Failed() {
			t.Logf("the manager said:\n%s", p.said())
		}
	})
	return p
}

// Write takes what the manager says.
func (p *process) Write(data []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.Write(data)
}

// said is all that the manager said until now.
func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// writeKubeconfig writes a file with which a program acts as the manager's account.
func writeKubeconfig(t *testing.T) string {
	t.Helper()
	identity := managerIdentity()
	file := filepath.Join(t.TempDir(), "kubeconfig")
	err := clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters: map[string]*clientcmdapi.Cluster{"test": {Server: server.Config.Host, CertificateAuthorityData: server.Config.CAData}},
		AuthInfos: map[string]*clientcmdapi.AuthInfo{"test": {
			ClientCertificateData: server.Config.CertData, ClientKeyData: server.Config.KeyData,
			Impersonate: identity.UserName, ImpersonateGroups: identity.Groups,
		}},
		Contexts:       map[string]*clientcmdapi.Context{"test": {Cluster: "test", AuthInfo: "test"}},
		CurrentContext: "test",
	}, file)
	if err != nil {
		t.Fatal(err)
	}
	return file
}
