<%@ page contentType="text/html; charset=UTF-8" %><%@ include file="who.jspf" %><%
  response.setHeader("Cache-Control", "no-store");
  jakarta.servlet.http.HttpSession mine = request.getSession(true);
  Object before = mine.getAttribute("counter");
  int counter = (before instanceof Integer ? (Integer) before : 0) + 1;
  mine.setAttribute("counter", counter);
  String id = mine.getId();
  int dot = id.lastIndexOf('.');
%><!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>failover.stack demo</title>
  <link rel="stylesheet" href="static/demo.css">
  <link rel="icon" href="static/mark.svg">
</head>
<body>
  <main>
    <img src="static/mark.svg" alt="" width="56" height="56">
    <h1>Still here</h1>
    <p>Version <strong><%= application.getInitParameter("version") %></strong>. Kill whatever served this page, reload, and see the count go on.</p>
    <dl>
      <dt>Requests in this session</dt><dd class="count"><%= counter %></dd>
      <dt>Instance</dt><dd><%= instance() %></dd>
      <dt>Route</dt><dd><%= dot < 0 ? route(application) : id.substring(dot + 1) %></dd>
      <dt>Session</dt><dd><code><%= dot < 0 ? id : id.substring(0, dot) %></code></dd>
    </dl>
    <p class="links"><a href="session.json">session.json</a> <a href="ping.json">ping.json</a> <a href="members.json">members.json</a></p>
  </main>
</body>
</html>
