package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"synccenter.dev/synccenter/test/apiserver"
)

// managerProcess is a running manager.
type managerProcess struct {
	command      *exec.Cmd
	folder       string
	probe, pprof string
	started      time.Time
}

// startManager starts the program as a Deployment would.
func startManager(ctx context.Context, server *apiserver.Server, program string) (*managerProcess, error) {
	folder, err := os.MkdirTemp("", "many-")
	if err != nil {
		return nil, err
	}
	kubeconfig := filepath.Join(folder, "kubeconfig")
	err = clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{"bench": {Server: server.Config.Host, CertificateAuthorityData: server.Config.CAData}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"bench": {ClientCertificateData: server.Config.CertData, ClientKeyData: server.Config.KeyData}},
		Contexts:       map[string]*clientcmdapi.Context{"bench": {Cluster: "bench", AuthInfo: "bench"}},
		CurrentContext: "bench",
	}, kubeconfig)
	if err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(folder, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	m := &managerProcess{folder: folder, probe: freeAddress(), pprof: freeAddress()}
	m.command = exec.CommandContext(ctx, program, "manager", "--image=synccenter:bench", "--metrics-bind-address=0", "--max-concurrent-checks=0",
		"--health-probe-bind-address="+m.probe, "--pprof-bind-address="+m.pprof)
	m.command.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig, "GOGC=25", "GOMEMLIMIT=230MiB") // as config/manager does
	m.command.Stdout, m.command.Stderr = log, log
	m.command.Cancel = func() error { return m.command.Process.Signal(os.Interrupt) }
	m.started = time.Now()
	return m, m.command.Start()
}

// stop ends the manager. What it said is shown when it had ended by itself.
func (m *managerProcess) stop() error {
	defer os.RemoveAll(m.folder)
	if err := m.command.Process.Signal(os.Interrupt); err != nil {
		said, _ := os.ReadFile(filepath.Join(m.folder, "log"))
		return fmt.Errorf("the manager had ended: %w: %s", err, said)
	}
	return m.command.Wait()
}

func freeAddress() string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err) // a machine without a free port
	}
	defer listener.Close()
	return listener.Addr().String()
}

// awaitReady waits until the manager says that it is ready.
func (m *managerProcess) awaitReady(ctx context.Context) (time.Duration, error) {
	return m.await(ctx, 10*time.Minute, func() bool {
		response, err := http.Get("http://" + m.probe + "/readyz")
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
}

// await says how long after the manager's start something came.
func (m *managerProcess) await(ctx context.Context, patience time.Duration, reached func() bool) (time.Duration, error) {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for time.Since(m.started) < patience {
		if reached() {
			return time.Since(m.started), nil
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-ticker.C:
		}
	}
	return 0, fmt.Errorf("not within %s", patience)
}

// memory is what a manager holds, in bytes.
type memory struct{ resident, program, peak, inUse int64 }

// memory reads what the system and the Go runtime say. The heap in use is that after a collection.
func (m *managerProcess) memory() (memory, error) {
	var result memory
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", m.command.Process.Pid))
	if err != nil {
		return result, err
	}
	resident, errResident := statusBytes(status, "VmRSS:")
	program, errProgram := statusBytes(status, "RssFile:")
	peak, errPeak := statusBytes(status, "VmHWM:")
	inUse, errInUse := m.heapInUse()
	return memory{resident: resident, program: program, peak: peak, inUse: inUse}, errors.Join(errResident, errProgram, errPeak, errInUse)
}

func statusBytes(status []byte, name string) (int64, error) {
	for line := range bytes.Lines(status) {
		if value, ok := bytes.CutPrefix(line, []byte(name)); ok {
			kilobytes, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(string(value)), "kB")), 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("the system does not say %s of a process", name)
}

// heapInUse asks pprof.
func (m *managerProcess) heapInUse() (int64, error) {
	response, err := http.Get("http://" + m.pprof + "/debug/pprof/heap?gc=1&debug=1")
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), "# HeapInuse = "); ok {
			return strconv.ParseInt(value, 10, 64)
		}
	}
	return 0, fmt.Errorf("pprof does not say how much of the heap is in use (%v)", lines.Err())
}

// saveProfile writes a profile of the heap for a person who wants to know what is in it.
func (m *managerProcess) saveProfile(path string) error {
	response, err := http.Get("http://" + m.pprof + "/debug/pprof/heap?gc=1")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, response.Body)
	return errors.Join(err, file.Close())
}
