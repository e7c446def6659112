// Command kubectl-synccenter is the kubectl plugin of Sync Center: put it into a folder of PATH and type "kubectl synccenter".
package main

import (
	"context"
	"os"
	"time"
	_ "time/tzdata" // zones by name, also where the system has none

	"github.com/go-logr/logr"
	"golang.org/x/term"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"synccenter.dev/synccenter/internal/cli"
)

func main() {
	// The client would warn half a minute after the start that nobody told it where to log.
	log.SetLogger(logr.Discard())
	options := &cli.Options{
		IOStreams:        genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr},
		Config:           genericclioptions.NewConfigFlags(true),
		Now:              time.Now,
		TimeZone:         time.Local,
		InputIsTerminal:  term.IsTerminal(int(os.Stdin.Fd())),
		OutputIsTerminal: term.IsTerminal(int(os.Stderr.Fd())),
		Colours:          term.IsTerminal(int(os.Stdout.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
	}
	os.Exit(cli.Run(context.Background(), os.Args[1:], options))
}
