package cases_test

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cases"
)

// oracleFile is where the verdicts of the oracles are kept.
const oracleFile = "oracles.json"

// oracleData is the form of that file.
type oracleData struct {
	Oracles  []cases.Oracle               `json:"oracles"`
	Verdicts map[string]map[string]string `json:"verdicts"`
}

func readOracles(t *testing.T) oracleData {
	t.Helper()
	var d oracleData
	data, err := os.ReadFile(oracleFile)
	if err == nil {
		err = json.Unmarshal(data, &d)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// asked are the rows that oracles are asked about.
func asked() []cases.Case {
	return slices.DeleteFunc(cases.All(), func(c cases.Case) bool { return c.Tagged(cases.TagCostly) })
}

// TestKeytoolReadsGoodRows has Java's own tool print every certificate of a good
// row: what cannot be read there would be refused for that alone.
func TestKeytoolReadsGoodRows(t *testing.T) {
	keytool, err := exec.LookPath("keytool")
	if err != nil {
		t.Skip("keytool is not installed")
	}
	var good [][]byte
	for _, c := range asked() {
		if c.Expectation.Accept() && !tooLong(c) {
			good = append(good, mustBuild(t, c, shared(), "bench").Chain...)
		}
	}
	file := filepath.Join(t.TempDir(), "good.pem")
	if err := os.WriteFile(file, certfactory.PEM(good...), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), keytool, "-printcert", "-file", file).CombinedOutput()
	if err != nil {
		t.Fatalf("keytool: %v\n%s", err, out)
	}
	if got := strings.Count(string(out), "Serial number: "); got != len(good) {
		t.Errorf("keytool prints %d certificates, want %d", got, len(good))
	}
}

// consult asks an oracle about every row and compares what it says with what it
// said before. A verdict that changes is news: of the oracle, if its version
// changed, else of the catalogue.
func consult(t *testing.T, o cases.Oracle, ask func(*testing.T, cases.Case) string) {
	t.Helper()
	data := readOracles(t)
	i := slices.IndexFunc(data.Oracles, func(known cases.Oracle) bool { return known.ID == o.ID })
	if !*update && (i < 0 || series(data.Oracles[i].Version) != series(o.Version)) {
		t.Skipf("%s %s is installed, the verdicts on file are of another series; -update takes its own", o.Program, o.Version)
	}
	said := make(map[string]string)
	for _, c := range asked() {
		if tooLong(c) && !*update {
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			said[c.ID] = ask(t, c)
			if was := data.Verdicts[c.ID][o.ID]; !*update && said[c.ID] != was {
				t.Errorf("%s: %s says %q, used to say %q; if that is meant, run with -update", c.ID, o.Program, said[c.ID], was)
			}
		})
	}
	if *update {
		writeOracle(t, data, o, said)
	}
}

// series is what is expected to decide alike: "3.0" of 3.0.22, "17" of 17.0.15.
func series(version string) string {
	parts := strings.Split(version, ".")
	if len(parts) > 2 && len(parts[0]) == 1 {
		return parts[0] + "." + parts[1]
	}
	return parts[0]
}

func writeOracle(t *testing.T, data oracleData, o cases.Oracle, said map[string]string) {
	t.Helper()
	data.Oracles = slices.DeleteFunc(data.Oracles, func(known cases.Oracle) bool { return known.ID == o.ID })
	data.Oracles = append(data.Oracles, o)
	slices.SortFunc(data.Oracles, func(a, b cases.Oracle) int { return cmp.Compare(a.ID, b.ID) })
	verdicts := make(map[string]map[string]string) // without rows that are gone
	for _, c := range asked() {
		verdicts[c.ID] = data.Verdicts[c.ID]
		if verdicts[c.ID] == nil {
			verdicts[c.ID] = make(map[string]string)
		}
		verdicts[c.ID][o.ID] = said[c.ID]
	}
	data.Verdicts = verdicts
	text, err := json.MarshalIndent(data, "", "\t")
	if err == nil {
		err = os.WriteFile(oracleFile, append(text, '\n'), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestEveryRowHasOpinions(t *testing.T) {
	for _, c := range asked() {
		if len(c.Opinions()) != len(cases.Oracles()) || len(c.Opinions()) < 3 {
			t.Errorf("%s: %d opinions of %d oracles; run the tests with -update where openssl and java are installed",
				c.ID, len(c.Opinions()), len(cases.Oracles()))
		}
	}
}

func TestOracleOpenSSLVerify(t *testing.T) {
	openssl, version := needOpenSSL(t)
	number := regexp.MustCompile(`(?m)^error (\d+) at`)
	consult(t, cases.Oracle{ID: "openssl-verify", Program: "openssl verify", Version: version}, func(t *testing.T, c cases.Case) string {
		p := mustBuild(t, c, shared(), "bench")
		dir := t.TempDir()
		writePEM(t, dir, map[string][][]byte{"leaf": p.Chain[:1], "cas": p.Chain[1:], "anchors": anchorsOf(p)})
		args := []string{
			"verify", "-partial_chain", "-purpose", "sslclient", "-attime", fmt.Sprint(now.Unix()),
			"-no-CApath", "-no-CAstore", "-CAfile", "anchors", "-untrusted", "cas", "leaf",
		}
		if len(p.Anchors) == 0 {
			args = slices.Replace(args, 7, 9, "-no-CAfile")
		}
		if len(p.Chain) == 1 {
			args = slices.Delete(args, len(args)-3, len(args)-1)
		}
		cmd := exec.CommandContext(t.Context(), openssl, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		found := number.FindSubmatch(out)
		switch {
		case err == nil:
			return "accepted"
		case found != nil:
			return "error " + string(found[1])
		case bytes.Contains(out, []byte("Unable to load certificate file")), bytes.Contains(out, []byte("Could not read")):
			return "certificate unreadable"
		case bytes.Contains(out, []byte("Error loading file anchors")):
			return "anchor unreadable"
		case bytes.Contains(out, []byte("verification failed")):
			return "error without number"
		}
		t.Errorf("openssl verify: %v\n%s", err, out)
		return "?"
	})
}

func TestOracleOpenSSLServer(t *testing.T) {
	openssl, version := needOpenSSL(t)
	server := serverCertificate(t)
	key, err := x509.MarshalPKCS8PrivateKey(server.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	writePEM(t, dir, map[string][][]byte{"server": server.Certificate})
	keyPEM := "-----BEGIN PRIVATE KEY-----\n" + base64.StdEncoding.EncodeToString(key) + "\n-----END PRIVATE KEY-----\n"
	if err := os.WriteFile(filepath.Join(dir, "key"), []byte(keyPEM), 0o600); err != nil {
		t.Fatal(err)
	}
	consult(t, cases.Oracle{ID: "openssl-tls", Program: "openssl s_server", Version: version}, func(t *testing.T, c cases.Case) string {
		p := mustBuild(t, c, shared(), "bench")
		args := []string{
			"s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-rev", "-cert", "server", "-key", "key",
			"-Verify", "200", "-verify_return_error", "-partial_chain", "-attime", fmt.Sprint(now.Unix()), "-no-CApath", "-no-CAstore",
			versionFlag(c),
		}
		if len(p.Anchors) > 0 {
			writePEM(t, dir, map[string][][]byte{"anchors": anchorsOf(p)})
			args = append(args, "-CAfile", "anchors")
		} else {
			args = append(args, "-no-CAfile")
		}
		return askServer(t, dir, p, versionOf(c), openssl, args...)
	})
}

// askServer starts s_server for one connection and presents the row to it.
func askServer(t *testing.T, dir string, p certfactory.Presentation, version uint16, openssl string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), openssl, args...)
	cmd.Dir = dir
	var messages bytes.Buffer
	cmd.Stderr = &messages
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill() // its own exit code says nothing
		_ = cmd.Wait()
	}()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if address, ok := strings.CutPrefix(lines.Text(), "ACCEPT "); ok {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return present(t, address, p, version)
		}
	}
	if strings.Contains(messages.String(), "Error setting verify params") || strings.Contains(messages.String(), "CAfile") {
		return "anchor unreadable"
	}
	t.Errorf("openssl s_server does not start: %s", messages.String())
	return "?"
}

func TestOracleJava(t *testing.T) {
	server := serverCertificate(t)
	jvm := startJava(t, server)
	consult(t, cases.Oracle{ID: "java-tls", Program: "Java JSSE", Version: jvm.version}, func(t *testing.T, c cases.Case) string {
		p := mustBuild(t, c, shared(), "bench")
		anchors := "-"
		if len(p.Anchors) > 0 {
			var list []string
			for _, der := range anchorsOf(p) {
				list = append(list, base64.StdEncoding.EncodeToString(der))
			}
			anchors = strings.Join(list, ",")
		}
		name := map[uint16]string{tls.VersionTLS12: "TLSv1.2", tls.VersionTLS13: "TLSv1.3"}[versionOf(c)]
		answer := jvm.ask(t, fmt.Sprintf("%s %d %s", name, now.UnixMilli(), anchors))
		port, ok := strings.CutPrefix(answer, "port ")
		if !ok {
			return "anchor unreadable"
		}
		return present(t, "127.0.0.1:"+port, p, versionOf(c))
	})
}

// A javaVM runs the program in testdata/java, one for all rows.
type javaVM struct {
	in      io.Writer
	out     *bufio.Scanner
	version string
}

func startJava(t *testing.T, server tls.Certificate) *javaVM {
	t.Helper()
	for _, program := range []string{"java", "javac"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	classes := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "javac", "-d", classes, filepath.Join("testdata", "java", "Oracle.java")).CombinedOutput(); err != nil {
		t.Fatalf("javac: %v\n%s", err, out)
	}
	key, err := x509.MarshalPKCS8PrivateKey(server.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "java", "-Xshare:auto", "-cp", classes, "Oracle",
		base64.StdEncoding.EncodeToString(key), base64.StdEncoding.EncodeToString(server.Certificate[0]))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	jvm := &javaVM{in: in, out: bufio.NewScanner(out)}
	jvm.version = jvm.read(t)
	return jvm
}

func (j *javaVM) read(t *testing.T) string {
	t.Helper()
	if !j.out.Scan() {
		t.Fatalf("the Java program has ended: %v", j.out.Err())
	}
	return j.out.Text()
}

func (j *javaVM) ask(t *testing.T, line string) string {
	t.Helper()
	if _, err := io.WriteString(j.in, line+"\n"); err != nil {
		t.Fatal(err)
	}
	return j.read(t)
}

// present connects as the device and returns what came of it. A byte from the
// server is what tells that it let the device in: in TLS 1.3 the handshake has
// ended on this side before the chain is judged.
func present(t *testing.T, address string, p certfactory.Presentation, version uint16) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	client := tls.Client(conn, &tls.Config{
		InsecureSkipVerify: true, MinVersion: version, MaxVersion: version,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return &tls.Certificate{Certificate: p.Chain, PrivateKey: p.Key}, nil
		},
	})
	_, err = client.Write([]byte("k\n"))
	if err == nil {
		var b [1]byte
		var n int
		// Byte and end can come together.
		if n, err = client.Read(b[:]); n == 1 {
			return "accepted"
		}
	}
	return ending(client, err)
}

// ending says how a connection ended that brought no byte.
func ending(client *tls.Conn, err error) string {
	operation, ok := errors.AsType[*net.OpError](err)
	switch {
	case ok && operation.Op == "remote error":
		return alertText(operation.Err)
	case ok && (operation.Op == "local error"):
		return "not sent"
	case ok && operation.Op == "write":
		// The server has closed while the device was still writing; its alert waits.
		if _, err := client.Read(make([]byte, 1)); err != nil {
			if operation, ok := errors.AsType[*net.OpError](err); ok && operation.Op == "remote error" {
				return alertText(operation.Err)
			}
		}
		return "closed"
	case ok || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return "closed"
	}
	return "not sent"
}

// alertText names an alert of crypto/tls, whose type is not exported.
func alertText(err error) string {
	number := uint8(reflect.ValueOf(err).Uint())
	return fmt.Sprintf("alert %d %s", number, cmp.Or(alertNames[number], "?"))
}

// alertNames are of RFC 8446 §6 and, where it has none, of RFC 5246 §7.2.
var alertNames = map[uint8]string{
	0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 22: "record_overflow", 40: "handshake_failure",
	42: "bad_certificate", 43: "unsupported_certificate", 44: "certificate_revoked", 45: "certificate_expired",
	46: "certificate_unknown", 47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error",
	51: "decrypt_error", 70: "protocol_version", 71: "insufficient_security", 80: "internal_error", 116: "certificate_required",
}

func versionOf(c cases.Case) uint16 {
	if c.Tagged(cases.TagTLS12Only) {
		return tls.VersionTLS12
	}
	return tls.VersionTLS13
}

func versionFlag(c cases.Case) string {
	if versionOf(c) == tls.VersionTLS12 {
		return "-tls1_2"
	}
	return "-tls1_3"
}

func anchorsOf(p certfactory.Presentation) [][]byte {
	var list [][]byte
	for _, a := range p.Anchors {
		// A disabled one is not in anybody's trust store.
		if !a.Disabled {
			list = append(list, a.DER)
		}
	}
	return list
}

func writePEM(t *testing.T, dir string, files map[string][][]byte) {
	t.Helper()
	for name, ders := range files {
		if err := os.WriteFile(filepath.Join(dir, name), certfactory.PEM(ders...), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// needOpenSSL returns program and version, and skips where there is none.
func needOpenSSL(t *testing.T) (program, version string) {
	t.Helper()
	program, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	out, err := exec.CommandContext(t.Context(), program, "version").Output()
	words := strings.Fields(string(out))
	if err != nil || len(words) < 2 {
		t.Fatalf("openssl version: %v, %q", err, out)
	}
	return program, words[1]
}
