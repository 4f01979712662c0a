<%@ page contentType="application/json; charset=UTF-8" import="java.sql.*, javax.naming.*, javax.sql.DataSource" %><%@ include file="who.jspf" %><%
  response.setHeader("Cache-Control", "no-store");
  StringBuilder rows = new StringBuilder();
  String problem = null;
  // ?from=NAME reads from the data source jdbc/NAME, where the application has several.
  String name = "jdbc/" + (request.getParameter("from") == null ? "demo" : request.getParameter("from").replaceAll("[^a-z0-9_]", ""));
  try {
    DataSource source = (DataSource) new InitialContext().lookup("java:comp/env/" + name);
    try (Connection connection = source.getConnection();
         PreparedStatement statement = connection.prepareStatement("SELECT idx, name, team FROM member ORDER BY idx LIMIT 200");
         ResultSet found = statement.executeQuery()) {
      while (found.next()) {
        rows.append(rows.length() == 0 ? "" : ", ").append("{\"idx\": ").append(found.getLong(1)).append(", \"name\": ")
            .append(quoted(found.getString(2))).append(", \"team\": ").append(quoted(found.getString(3))).append("}");
      }
    }
  } catch (NamingException missing) {
    problem = "This application has no data source " + name + ": give it one in tomcat_cluster_instances.";
  } catch (SQLException broken) {
    application.log("members", broken);
    problem = "The database behind " + name + " does not answer.";
  }
  if (problem != null) {
    response.setStatus(503);
  }
%><% if (problem == null) { %>{"instance": <%= quoted(instance()) %>, "members": [<%= rows %>]}<% } else { %>{"instance": <%= quoted(instance()) %>, "error": <%= quoted(problem) %>}<% } %>
