package cli

import (
	"bytes"
	"context"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"synccenter.dev/synccenter/test/apiserver"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// server is shared by the tests of the package; each has a namespace of its own.
var server *apiserver.Server

func TestMain(m *testing.M) {
	os.Exit(apiserver.Main(m, func(s *apiserver.Server) { server = s }))
}

// now is the time at which every test runs.
var now = time.Date(2026, 11, 5, 12, 0, 0, 0, time.UTC)

// person is somebody who types commands in one namespace.
type person struct {
	namespace  string
	kubeconfig string
	// in is what the person types when asked; nil when there is no terminal.
	in *strings.Reader
	// bar is true when the output is a terminal.
	bar bool
	// colours is true when tables have colours.
	colours bool
	// as is another user to act as.
	as string
}

func newPerson(t *testing.T) *person {
	t.Helper()
	return &person{namespace: server.Namespace(t), kubeconfig: writeKubeconfig(t, server.Config)}
}

func writeKubeconfig(t *testing.T, config *rest.Config) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kubeconfig")
	err := clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters: map[string]*clientcmdapi.Cluster{"test": {Server: config.Host, CertificateAuthorityData: config.CAData}},
		AuthInfos: map[string]*clientcmdapi.AuthInfo{
			"test": {ClientCertificateData: config.CertData, ClientKeyData: config.KeyData, Token: config.BearerToken},
		},
		Contexts:       map[string]*clientcmdapi.Context{"test": {Cluster: "test", AuthInfo: "test"}},
		CurrentContext: "test",
	}, file)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// result is what a command left.
type result struct {
	code     int
	out, err string
}

// types runs a command line as the program would.
func (p *person) types(t *testing.T, arguments ...string) result {
	t.Helper()
	var out, errOut bytes.Buffer
	code := p.typesInto(t.Context(), &out, &errOut, arguments...)
	return result{code, out.String(), errOut.String()}
}

// typesInto runs a command line whose output is looked at while it goes on.
func (p *person) typesInto(ctx context.Context, out, errOut io.Writer, arguments ...string) int {
	streams := genericiooptions.IOStreams{In: strings.NewReader(""), Out: out, ErrOut: errOut}
	if p.in != nil {
		streams.In = p.in
	}
	options := &Options{
		IOStreams:        streams,
		Config:           genericclioptions.NewConfigFlags(true),
		Now:              func() time.Time { return now },
		TimeZone:         time.FixedZone("UTC+8", 8*60*60),
		InputIsTerminal:  p.in != nil,
		OutputIsTerminal: p.bar,
		Colours:          p.colours,
	}
	all := append([]string{"--kubeconfig", p.kubeconfig, "-n", p.namespace}, arguments...)
	if p.as != "" {
		all = append([]string{"--as", p.as}, all...)
	}
	return Run(ctx, all, options)
}

// succeeds runs a command line that must succeed.
func (p *person) succeeds(t *testing.T, arguments ...string) result {
	t.Helper()
	r := p.types(t, arguments...)
	if r.code != 0 {
		t.Fatalf("%v ended with %d: %s", arguments, r.code, r.err)
	}
	return r
}

// fails runs a command line that must end with the code and say all the words.
func (p *person) fails(t *testing.T, code int, words []string, arguments ...string) result {
	t.Helper()
	r := p.types(t, arguments...)
	if r.code != code {
		t.Errorf("%v ended with %d, want %d: %s", arguments, r.code, code, r.err)
	}
	contains(t, r.err, words...)
	return r
}

func contains(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("%q does not say %q", text, word)
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got); -update writes it anew:\n%s", path, diff)
	}
}
