//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// The suffix and the administrator of every directory. Whoever else binds has the rights that directoryOptions.database states.
const (
	suffix        = "dc=example,dc=com"
	adminDN       = "cn=admin," + suffix
	adminPassword = "admin"
)

// directoryOptions says how a directory differs from a plain one.
type directoryOptions struct {
	// ldif is loaded before the server starts.
	ldif string
	// database holds lines of slapd.conf for the database: rights and limits.
	database string
	// tls are the files ca.crt, tls.crt and tls.key of a server that also speaks TLS.
	tls map[string][]byte
}

// directory is an OpenLDAP server in a pod, behind a Service of the same name.
type directory struct {
	*world
	name string
}

// directory starts a server and waits until it answers. Its Secret, <name>-admin, has the administrator's login.
func (w *world) directory(name string, options directoryOptions) *directory {
	w.Helper()
	d := &directory{world: w, name: name}
	w.create(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name + "-admin"}, Type: corev1.SecretTypeBasicAuth,
		StringData: map[string]string{corev1.BasicAuthUsernameKey: adminDN, corev1.BasicAuthPasswordKey: adminPassword},
	})
	w.create(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string]string{
		"slapd.conf": slapdConfiguration(options), "directory.ldif": options.ldif,
	}})
	w.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name + "-tls"}, Data: options.tls})
	w.create(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.ServiceSpec{
		Selector: map[string]string{"app": name},
		Ports: []corev1.ServicePort{
			{Name: "ldap", Port: 389, TargetPort: intstr.FromInt32(3890)},
			{Name: "ldaps", Port: 636, TargetPort: intstr.FromInt32(6360)},
		},
	}})
	w.create(d.pod(len(options.tls) > 0))
	until(w, "directory "+name, name, &corev1.Pod{}, func(pod *corev1.Pod) bool {
		return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
		})
	})
	return d
}

func slapdConfiguration(options directoryOptions) string {
	tls := ""
	if len(options.tls) > 0 {
		tls = "TLSCACertificateFile /tls/ca.crt\nTLSCertificateFile /tls/tls.crt\nTLSCertificateKeyFile /tls/tls.key\n"
	}
	return `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload refint
moduleload retcode
sizelimit unlimited
` + tls + `database mdb
suffix ` + suffix + `
directory /data
maxsize 268435456
dbnosync
rootdn ` + adminDN + `
rootpw ` + adminPassword + `
index objectClass,entryUUID,uid,ou,member eq
` + options.database
}

func (d *directory) pod(tls bool) *corev1.Pod {
	urls := "ldap://0.0.0.0:3890/"
	if tls {
		urls += " ldaps://0.0.0.0:6360/"
	}
	container := func(name string, arguments ...string) corev1.Container {
		return corev1.Container{
			Name: name, Image: cluster.slapdImage, Command: append([]string{"/usr/sbin/slapd", "-f", "/config/slapd.conf"}, arguments...),
			VolumeMounts: []corev1.VolumeMount{{Name: "data", MountPath: "/data"}, {Name: "config", MountPath: "/config"}, {Name: "tls", MountPath: "/tls"}},
			SecurityContext: &corev1.SecurityContext{
				AllowPrivilegeEscalation: ptr.To(false), ReadOnlyRootFilesystem: ptr.To(true),
				Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
			},
		}
	}
	server := container("slapd", "-d", "stats,stats2", "-h", urls)
	server.Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("10m")}
	server.ReadinessProbe = &corev1.Probe{
		ProbeHandler:  corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(3890)}},
		PeriodSeconds: 1,
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: d.name, Labels: map[string]string{"app": d.name}},
		Spec: corev1.PodSpec{
			AutomountServiceAccountToken:  ptr.To(false),
			TerminationGracePeriodSeconds: ptr.To[int64](0),
			SecurityContext: &corev1.PodSecurityContext{
				RunAsNonRoot: ptr.To(true), FSGroup: ptr.To[int64](65532), SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			},
			InitContainers: []corev1.Container{container("load", "-T", "add", "-q", "-l", "/config/directory.ldif")},
			Containers:     []corev1.Container{server},
			Volumes: []corev1.Volume{
				{Name: "data", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
				{Name: "config", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: d.name}}}},
				{Name: "tls", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: d.name + "-tls"}}},
			},
		},
	}
}

// kill ends the server's pod at once, as a crash would.
func (d *directory) kill() {
	d.Helper()
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: d.namespace, Name: d.name}}
	if err := cluster.client.Delete(d.Context(), pod, client.GracePeriodSeconds(0)); err != nil {
		d.Fatalf("killing directory %s: %v", d.name, err)
	}
}

// log is what the server has logged so far.
func (d *directory) log(ctx context.Context) (string, error) {
	data, err := cluster.pods.CoreV1().Pods(d.namespace).GetLogs(d.name, &corev1.PodLogOptions{Container: "slapd"}).DoRaw(ctx)
	return string(data), err
}

// connect opens a connection of the administrator, which ends with the test.
func (d *directory) connect() *goldap.Conn {
	d.Helper()
	address := d.forward(d.namespace, "pod/"+d.name, 3890)
	conn, err := goldap.DialURL("ldap://" + address)
	if err != nil {
		d.Fatalf("connecting to directory %s: %v", d.name, err)
	}
	d.Cleanup(func() { conn.Close() })
	if err := conn.Bind(adminDN, adminPassword); err != nil {
		d.Fatalf("logging in at directory %s: %v", d.name, err)
	}
	return conn
}

var forwarded = regexp.MustCompile(`Forwarding from (127\.0\.0\.1:\d+)`)

// forward makes a port of the cluster a local one, as a user would, until the test ends.
func (w *world) forward(namespace, to string, port int) string {
	w.Helper()
	command := exec.CommandContext(w.Context(), "kubectl", "--namespace", namespace, "port-forward", to, fmt.Sprintf(":%d", port))
	var problems bytes.Buffer
	command.Stderr = &problems
	output, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		w.Fatalf("kubectl port-forward: %v", err)
	}
	w.Cleanup(func() { _ = command.Wait() }) // the end of the test's context has killed it
	line, err := bufio.NewReader(output).ReadString('\n')
	found := forwarded.FindStringSubmatch(line)
	if found == nil {
		w.Fatalf("kubectl port-forward %s said %q (%v): %s", to, line, err, problems.String())
	}
	return found[1]
}

// search finds all entries below a base; each by its DN, with the values of its attributes by their names in lower case.
func (d *directory) search(conn *goldap.Conn, base, filter string) map[string]map[string][]string {
	d.Helper()
	answer, err := conn.Search(goldap.NewSearchRequest(base, goldap.ScopeWholeSubtree, goldap.NeverDerefAliases, 0, 0, false, filter, []string{"*", "entryUUID"}, nil))
	if err != nil {
		d.Fatalf("searching directory %s: %v", d.name, err)
	}
	found := map[string]map[string][]string{}
	for _, entry := range answer.Entries {
		attributes := map[string][]string{}
		for _, attribute := range entry.Attributes {
			attributes[strings.ToLower(attribute.Name)] = attribute.Values
		}
		found[entry.DN] = attributes
	}
	return found
}

// people are the logins of all people below a base, sorted.
func (d *directory) people(conn *goldap.Conn, base string) []string {
	d.Helper()
	var logins []string
	for _, attributes := range d.search(conn, base, "(objectClass=inetOrgPerson)") {
		logins = append(logins, attributes["uid"]...)
	}
	slices.Sort(logins)
	return logins
}
