import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/**
 * A device program as one would write it with Java alone: it logs in over MQTT 3.1.1
 * with a key store and a trust store, asks for a token and prints what it receives.
 *
 * <p>Arguments: host, port, Client Identifier, TLS version, type of the stores, key
 * store, trust store. The password of both is in the environment variable STORE.
 */
public final class Login {
    private static final int TIMEOUT_MILLIS = 20_000;

    public static void main(String[] args) throws Exception {
        char[] password = System.getenv("STORE").toCharArray();
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(open(args[4], args[5], password), password);
        TrustManagerFactory trusted = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trusted.init(open(args[4], args[6], password));
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trusted.getTrustManagers(), null);
        try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(args[0], Integer.parseInt(args[1]))) {
            socket.setSoTimeout(TIMEOUT_MILLIS);
            SSLParameters parameters = socket.getSSLParameters();
            parameters.setProtocols(new String[] {args[3]});
            // Java verifies the name of a server only if it is asked to.
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            socket.setSSLParameters(parameters);
            socket.startHandshake();
            System.out.println("protocol " + socket.getSession().getProtocol());
            System.out.println("presented " + socket.getSession().getLocalCertificates().length);
            talk(new DataInputStream(socket.getInputStream()), socket.getOutputStream(), args[2]);
        }
    }

    private static KeyStore open(String type, String file, char[] password) throws Exception {
        KeyStore store = KeyStore.getInstance(type);
        try (FileInputStream in = new FileInputStream(file)) {
            store.load(in, password);
        }
        return store;
    }

    private static void talk(DataInputStream in, OutputStream out, String clientID) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream body = new DataOutputStream(bytes);
        body.writeUTF("MQTT");
        body.write(new byte[] {4, 2, 0, 60}); // protocol level, Clean Session, Keep Alive
        body.writeUTF(clientID);
        send(out, 0x10, bytes);
        byte[] connack = receive(in, 0x20);
        System.out.println("return code " + connack[1]);
        if (connack[1] != 0) {
            System.exit(1);
        }

        bytes.reset();
        body.writeShort(1);
        body.writeUTF("s/dat");
        body.write(0);
        send(out, 0x82, bytes);
        System.out.println("granted QoS " + receive(in, 0x90)[2]);

        bytes.reset();
        body.writeUTF("s/uat");
        send(out, 0x30, bytes);
        byte[] publish = receive(in, 0x30);
        int topic = (publish[0] & 0xff) << 8 | publish[1] & 0xff;
        System.out.println(new String(publish, 2, topic, StandardCharsets.UTF_8));
        System.out.println(new String(publish, 2 + topic, publish.length - 2 - topic, StandardCharsets.UTF_8));

        bytes.reset();
        send(out, 0xe0, bytes);
    }

    private static void send(OutputStream out, int header, ByteArrayOutputStream body) throws IOException {
        ByteArrayOutputStream packet = new ByteArrayOutputStream();
        packet.write(header);
        int length = body.size();
        do {
            packet.write(length % 128 | (length >= 128 ? 0x80 : 0));
            length /= 128;
        } while (length > 0);
        body.writeTo(packet);
        out.write(packet.toByteArray());
        out.flush();
    }

    private static byte[] receive(DataInputStream in, int header) throws IOException {
        int got = in.readUnsignedByte();
        if ((got & 0xf0) != header) {
            throw new IOException(String.format("received a packet 0x%02x, want 0x%02x", got, header));
        }
        int length = 0;
        int digit;
        int shift = 0;
        do {
            digit = in.readUnsignedByte();
            length |= (digit & 0x7f) << shift;
            shift += 7;
        } while ((digit & 0x80) != 0);
        byte[] body = new byte[length];
        in.readFully(body);
        return body;
    }
}
