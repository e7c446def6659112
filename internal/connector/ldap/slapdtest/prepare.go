package slapdtest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Where Debian keeps what a configuration refers to.
const (
	schemaFolder = "/etc/ldap/schema"
	moduleFolder = "/usr/lib/ldap"
)

// Syncprov lets a server have copies, and say how far its data are.
const Syncprov = "overlay syncprov\nsyncprov-checkpoint 1 1\n"

// prepare fills the folder: certificates, configuration, entries.
func (s *Server) prepare(slapd string, options Options) error {
	if err := os.Mkdir(filepath.Join(s.folder, "data"), 0o700); err != nil {
		return err
	}
	ca, err := writeCertificates(s.folder, options.Hosts)
	if err != nil {
		return err
	}
	s.CA = ca
	if err := s.write("slapd.conf", s.configuration(options)); err != nil {
		return err
	}
	if err := s.write("base.ldif", baseLDIF+"\n"+options.LDIF); err != nil {
		return err
	}
	if err := s.giveAway(); err != nil {
		return err
	}
	if options.CopyOf != "" {
		return nil
	}
	load := asNobody(exec.Command(slapd, "-T", "add", "-q", "-f", filepath.Join(s.folder, "slapd.conf"), "-l", filepath.Join(s.folder, "base.ldif")))
	if output, err := load.CombinedOutput(); err != nil {
		return fmt.Errorf("loading the first entries: %w: %s", err, output)
	}
	return nil
}

func (s *Server) write(name, content string) error {
	return os.WriteFile(filepath.Join(s.folder, name), []byte(content), 0o600)
}

// giveAway makes the folder belong to the user that slapd runs as.
func (s *Server) giveAway() error {
	if os.Geteuid() != 0 {
		return nil
	}
	return filepath.WalkDir(s.folder, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Chown(path, nobody, nobody))
	})
}

func (s *Server) configuration(options Options) string {
	var b strings.Builder
	for _, schema := range []string{"core", "cosine", "inetorgperson"} {
		fmt.Fprintf(&b, "include %s/%s.schema\n", schemaFolder, schema)
	}
	fmt.Fprintf(&b, "modulepath %s\n", moduleFolder)
	for _, module := range []string{"back_mdb", "refint", "unique", "memberof", "syncprov"} {
		fmt.Fprintf(&b, "moduleload %s\n", module)
	}
	if !options.NoTLS {
		fmt.Fprintf(&b, "TLSCACertificateFile %[1]s/ca.pem\nTLSCertificateFile %[1]s/server.pem\nTLSCertificateKeyFile %[1]s/server.key\n", s.folder)
	}
	b.WriteString("sizelimit unlimited\n" + options.Global + "\n")
	fmt.Fprintf(&b, "database mdb\nsuffix %s\nrootdn %s\nrootpw %s\ndirectory %s/data\nmaxsize 1073741824\n", Suffix, AdminDN, AdminPassword, s.folder)
	if !options.Durable {
		b.WriteString("dbnosync\n")
	}
	if options.CopyOf != "" {
		fmt.Fprintf(&b, "syncrepl rid=1 provider=%s searchbase=%s type=refreshAndPersist retry=\"1 +\" bindmethod=simple binddn=%s credentials=%s\n",
			options.CopyOf, Suffix, AdminDN, AdminPassword)
	}
	b.WriteString("index objectClass,entryUUID,uid,ou,member eq\n" + options.Database + "\n")
	return b.String()
}

// baseLDIF is what every server begins with.
const baseLDIF = `dn: ` + Suffix + `
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: ` + ReaderDN + `
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: ` + ReaderPassword + `

dn: ` + People + `
objectClass: organizationalUnit
ou: people

dn: ` + Org + `
objectClass: organizationalUnit
ou: org
`
