// Command kube is etcd, kubectl and the servers of Kubernetes in one binary, picked by the name that it runs under.
//
// One binary, since they share nearly all of their code: seven would take seven times the disk and much of the time to link.
// With the build tag envtest it holds etcd, kube-apiserver and kubectl alone, which is what tests without pods need.
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	_ "time/tzdata" // CronJobs name time zones, and the machine may have none installed

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	_ "k8s.io/client-go/plugin/pkg/client/auth"
	"k8s.io/component-base/cli"
	"k8s.io/component-base/logs"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
)

// servers are the commands by name; servers.go adds those that only a cluster with pods needs.
var servers = map[string]func() *cobra.Command{"kube-apiserver": apiserver.NewAPIServerCommand}

func main() {
	name := filepath.Base(os.Args[0])
	switch name {
	case "etcd":
		etcdmain.Main(os.Args)
		return
	case "kubectl":
		logs.GlogSetter(cmd.GetLogVerbosity(os.Args))
		if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
			util.CheckErr(err)
		}
		return
	}
	newCommand, ok := servers[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "cannot run as %q: link this file to etcd, kubectl or one of %v, and run the link\n", name, slices.Sorted(maps.Keys(servers)))
		os.Exit(2)
	}
	os.Exit(cli.Run(newCommand()))
}
