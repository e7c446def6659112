// Command image writes container images as OCI archives, without a container engine and without a registry.
//
//	image pack -output x.tar -name example.dev/x:1 -entrypoint /x SOURCE=/path ...
//	image synccenter -output synccenter.tar
//	image slapd -output slapd.tar
//
// The same input gives the same bytes: entries are sorted, and carry no time and no owner. `docker load`, `kind load
// image-archive`, `ctr images import` and `skopeo copy oci-archive:` read the archive. The digest of the image is printed.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "image pack | synccenter | slapd")
		os.Exit(2)
	}
	if err := run(ctx, os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, command string, args []string) error {
	flags := flag.NewFlagSet(command, flag.ExitOnError)
	output := flags.String("output", "", "the archive to write")
	image := image{Architecture: runtime.GOARCH}
	var err error
	switch command {
	case "pack":
		flags.StringVar(&image.Name, "name", "", "the name of the image, with its tag")
		entrypoint := flags.String("entrypoint", "", "the command, separated by blanks")
		if err := flags.Parse(args); err != nil {
			return err
		}
		image.Entrypoint = strings.Fields(*entrypoint)
		image.Files, err = parseFiles(flags.Args())
	case "synccenter":
		source := flags.String("source", ".", "the root of the checkout")
		if err := flags.Parse(args); err != nil {
			return err
		}
		image, err = syncCenter(ctx, *source)
	case "slapd":
		if err := flags.Parse(args); err != nil {
			return err
		}
		image, err = slapd(ctx)
	default:
		return fmt.Errorf("there is no command %q", command)
	}
	if err != nil {
		return fmt.Errorf("collecting the files of %s: %w", command, err)
	}
	if *output == "" {
		return fmt.Errorf("%s needs -output", command)
	}
	digest, err := image.write(*output)
	if err != nil {
		return fmt.Errorf("writing %s: %w", *output, err)
	}
	fmt.Printf("%s@%s\n", image.Name, digest)
	return nil
}

// parseFiles reads arguments of the form SOURCE=/path.
func parseFiles(args []string) ([]file, error) {
	var files []file
	for _, arg := range args {
		source, target, ok := strings.Cut(arg, "=")
		if !ok {
			return nil, fmt.Errorf("%q is not SOURCE=/path", arg)
		}
		data, err := os.ReadFile(source)
		if err != nil {
			return nil, err
		}
		files = append(files, file{path: target, mode: 0o755, data: data})
	}
	return files, nil
}
