import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/** Listens on one connection, notifies on another, and prints what arrives while nothing else is going on. */
public class Notify {
  static void print(PGNotification[] heard) {
    if (heard == null || heard.length == 0) System.out.println("nothing");
    if (heard == null) return;
    for (PGNotification one : heard) System.out.println(one.getName() + " " + one.getParameter());
  }

  public static void main(String[] arguments) throws SQLException {
    try (Connection hearing = DriverManager.getConnection(arguments[0]);
         Connection saying = DriverManager.getConnection(arguments[0])) {
      PGConnection ears = hearing.unwrap(PGConnection.class);
      try (Statement statement = hearing.createStatement()) {
        statement.execute("LISTEN news");
      }
      print(ears.getNotifications(1));
      try (PreparedStatement says = saying.prepareStatement("SELECT pg_notify('news', ?)")) {
        says.setString(1, "by a function");
        says.execute();
      }
      print(ears.getNotifications(10_000));
      saying.setAutoCommit(false);
      try (Statement statement = saying.createStatement()) {
        statement.execute("NOTIFY news, 'first'");
        statement.execute("NOTIFY news, 'second'");
      }
      print(ears.getNotifications(100));
      saying.commit();
      print(ears.getNotifications(10_000));
    }
  }
}
