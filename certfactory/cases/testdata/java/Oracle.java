import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.X509CertSelector;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Date;
import javax.net.ssl.CertPathTrustManagerParameters;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/**
 * A TLS server that asks for a client certificate and judges it as JSSE does, once
 * for every line that it reads: version, moment in milliseconds, trust anchors
 * (base64 of DER, separated by commas, "-" for none).
 *
 * It answers with "port N", or with "anchor" and a reason if an anchor cannot be
 * read. Who is let in gets one byte.
 */
public final class Oracle {
    private static final char[] NO_PASSWORD = new char[0];
    private static final int BOUND_MILLIS = 20_000;

    public static void main(String[] args) throws Exception {
        KeyManagerFactory keys = serverKeys(args[0], args[1]);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        System.out.println(System.getProperty("java.version"));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ");
            SSLContext context;
            try {
                context = context(keys, new Date(Long.parseLong(words[1])), words[2]);
            } catch (Exception e) {
                System.out.println("anchor " + String.valueOf(e.getMessage()).replace('\n', ' '));
                continue;
            }
            serve(context, words[0]);
        }
    }

    private static void serve(SSLContext context, String version) throws IOException {
        try (SSLServerSocket listener =
                (SSLServerSocket) context.getServerSocketFactory().createServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            listener.setNeedClientAuth(true);
            listener.setEnabledProtocols(new String[] {version});
            listener.setSoTimeout(BOUND_MILLIS);
            System.out.println("port " + listener.getLocalPort());
            try (SSLSocket socket = (SSLSocket) listener.accept()) {
                socket.setSoTimeout(BOUND_MILLIS);
                socket.startHandshake();
                socket.getOutputStream().write('k');
                socket.getOutputStream().flush();
                socket.getInputStream().read();
            } catch (IOException e) {
                // The client has seen the alert.
            }
        }
    }

    private static KeyManagerFactory serverKeys(String key, String certificate) throws Exception {
        PrivateKey privateKey = KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(decode(key)));
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, NO_PASSWORD);
        store.setKeyEntry("server", privateKey, NO_PASSWORD, new Certificate[] {parse(certificate)});
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(store, NO_PASSWORD);
        return keys;
    }

    private static SSLContext context(KeyManagerFactory keys, Date moment, String anchors) throws Exception {
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, NO_PASSWORD);
        if (anchors.equals("-")) {
            // PKIX refuses to work without any anchor.
            trusted.setCertificateEntry("server", keysCertificate);
        } else {
            int i = 0;
            for (String anchor : anchors.split(",")) {
                trusted.setCertificateEntry("anchor" + i++, parse(anchor));
            }
        }
        PKIXBuilderParameters parameters = new PKIXBuilderParameters(trusted, new X509CertSelector());
        parameters.setDate(moment);
        parameters.setRevocationEnabled(false);
        parameters.setMaxPathLength(-1);
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(new CertPathTrustManagerParameters(parameters));
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    private static Certificate keysCertificate;

    private static Certificate parse(String base64) throws Exception {
        Certificate c = CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(decode(base64)));
        if (keysCertificate == null) {
            keysCertificate = c;
        }
        return c;
    }

    private static byte[] decode(String base64) {
        return Base64.getDecoder().decode(base64);
    }
}
